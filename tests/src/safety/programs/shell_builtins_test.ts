import { SHELL_BUILTINS } from "../../../../src/safety/programs/shell_builtins.ts";
import { testExamples } from "../_examples.ts";

testExamples("SHELL_BUILTINS", SHELL_BUILTINS);
