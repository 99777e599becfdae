import { FIND } from "../../../../src/safety/programs/find.ts";
import { testExamples } from "../_examples.ts";

testExamples("FIND", FIND);
