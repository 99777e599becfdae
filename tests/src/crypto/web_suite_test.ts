import { webSuite } from "../../../src/crypto/web_suite.ts";
import { testSuite } from "../../helpers/suite_tests.ts";

testSuite("webSuite", webSuite);
