import { SYSTEM } from "../../../../src/safety/programs/system.ts";
import { testExamples } from "../_examples.ts";

testExamples("SYSTEM", SYSTEM);
