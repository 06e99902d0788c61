// In place of the imports where there is no component: in Node, under test.

import { Failed } from "./errors.js";

function fail() {
  throw new Failed("there is no host outside of a component; for a test, give the skill one of skillhost-sdk/mock");
}

export default { call: fail, files: new Proxy({}, { get: () => fail }), lift: (value) => value, environment: fail, http: fail };
