import { NETWORK } from "../../../../src/safety/programs/network.ts";
import { testExamples } from "../_examples.ts";

testExamples("NETWORK", NETWORK);
