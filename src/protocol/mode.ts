/**
 * What a host allows to be done on it. Each host decides for itself.
 */
import * as z from "zod";

/** From least to most: `disabled` refuses everything but `get_info`, `plan` reads, `edit` writes, `bypass` is unrestricted. */
export const Mode = z.enum(["disabled", "plan", "edit", "bypass"]);
export type Mode = z.infer<typeof Mode>;
