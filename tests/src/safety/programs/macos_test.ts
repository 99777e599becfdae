import { MACOS } from "../../../../src/safety/programs/macos.ts";
import { testExamples } from "../_examples.ts";

testExamples("MACOS", MACOS);
