// In place of http.js where the manifest requests no `http`.

import { Denied } from "./errors.js";

export default function http({ url }) {
  throw new Denied(`http ${url}: the skill's manifest requests no http, so it was built without`);
}
