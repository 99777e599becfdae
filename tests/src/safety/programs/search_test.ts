import { SEARCH } from "../../../../src/safety/programs/search.ts";
import { testExamples } from "../_examples.ts";

testExamples("SEARCH", SEARCH);
