/**
 * Names of files on Windows that mean something else than they say, or nothing that can be compared. What cannot be judged is refused.
 * Sources: "Naming Files, Paths, and Namespaces" and "File path formats on Windows systems" of Microsoft's documentation.
 */

const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:$|[.: ])/i;
/** The short name that Windows gives to a long one: up to six characters, a tilde and a number, at most three of an extension. */
const SHORT_NAME = /^[^.~]{1,6}~\d{1,6}(?:\.[^.]{0,3})?$/;

/**
 * Tells why a path of Windows cannot be judged.
 *
 * @param path - real and absolute
 * @returns a reason that follows "because", or undefined if the path means what it says
 */
export function windowsPathProblem(path: string): string | undefined {
  const plain = path.replace(/^[\\/]{2}\?[\\/](?=[a-z]:)/i, "");
  if (/^[\\/]{2}/.test(plain)) return "it is on another machine or in the system's own namespace";
  if (!/^[a-z]:[\\/]/i.test(plain)) return "it does not begin with a drive and a folder";
  for (const name of plain.slice(3).split(/[\\/]/)) {
    if (name.includes(":")) return "it names a stream inside a file";
    if (DEVICE.test(name)) return "it names a device";
    if (/[. ]$/.test(name) && name !== "." && name !== "..") {
      return "Windows leaves out dots and spaces at the end of names";
    }
    if (SHORT_NAME.test(name)) return "it has a short name that stands for another one";
    if (/[<>"|?*\p{Cc}]/u.test(name)) return "it has characters that names of Windows cannot have";
  }
  return undefined;
}
