import { HARMLESS } from "../../../../src/safety/programs/harmless.ts";
import { testExamples } from "../_examples.ts";

testExamples("HARMLESS", HARMLESS);
