import { WRAPPERS } from "../../../../src/safety/programs/wrappers.ts";
import { testExamples } from "../_examples.ts";

testExamples("WRAPPERS", WRAPPERS);
