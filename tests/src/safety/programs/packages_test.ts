import { PACKAGES, VERSIONS } from "../../../../src/safety/programs/packages.ts";
import { testExamples } from "../_examples.ts";

testExamples("PACKAGES", PACKAGES);
testExamples("VERSIONS", VERSIONS);
