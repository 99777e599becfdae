import { TEXT } from "../../../../src/safety/programs/text.ts";
import { testExamples } from "../_examples.ts";

testExamples("TEXT", TEXT);
