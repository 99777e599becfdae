import { CONTAINERS } from "../../../../src/safety/programs/containers.ts";
import { testExamples } from "../_examples.ts";

testExamples("CONTAINERS", CONTAINERS);
