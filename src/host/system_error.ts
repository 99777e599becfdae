/**
 * What the system's errors mean, in the words of a sentence, for those that a user can do something about.
 */
import { codeOf } from "./stamped_file.ts";

const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: "the agent's user has no permission there",
  EPERM: "the system does not permit it to the agent's user",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota of the agent's user is used up",
  EFBIG: "the file would be larger than the file system or a limit of the process allows",
  EXDEV: "the folder and the file are on different file systems",
  ENOENT: "there is no such folder or file",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder",
  ENOTEMPTY: "it is a folder",
  ENAMETOOLONG: "the name is too long for the file system",
  ELOOP: "it has become a symbolic link",
  EBUSY: "it is in use",
  ETXTBSY: "it is a program that runs",
  EIO: "the disk reported an error",
  EMFILE: "the agent has too many files open",
  ENFILE: "the system has too many files open",
};

/** Explains an error that the system reported; others are told by their own message. */
export function explainSystemError(error: unknown): string {
  const code = codeOf(error) ?? "";
  const meaning = MEANINGS[code];
  if (meaning !== undefined) return `${meaning} (${code})`;
  const message = error instanceof Error ? error.message : String(error);
  // The runtime appends what it called with which paths, which the message around it names already.
  return message.replace(/: \w+ '.*$/s, "");
}
