/**
 * Tells whether a file with a secret can be read by others.
 */

/**
 * A warning with the remedy if the file's group or everybody can read it.
 *
 * @param mode - the file's mode, or null where the system has none (Windows)
 */
export function ownerOnlyWarning(path: string, mode: number | null): string | undefined {
  if (mode === null || (mode & 0o044) === 0) return undefined;
  return `Others on this machine can read the secret in ${path}: run "chmod 600 ${path}"`;
}
