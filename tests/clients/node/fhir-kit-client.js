// fhir-kit-client, as it comes: capability, create, read, search with pages, update, patch, batch, delete.
import assert from "node:assert/strict";
import { Client } from "fhir-kit-client";

const [base, token] = process.argv.slice(2);
const client = new Client({ baseUrl: base, bearerToken: token });

const said = await client.capabilityStatement();
assert.equal(said.fhirVersion, "4.0.1");

const patient = await client.create({
  resourceType: "Patient",
  body: { resourceType: "Patient", name: [{ family: "Kit" }] },
});
const subject = { reference: `Patient/${patient.id}` };
const code = { coding: [{ system: "http://loinc.org", code: "29463-7" }] };
for (const value of [60, 61, 62]) {
  const body = { resourceType: "Observation", status: "final", code, subject, valueQuantity: { value, unit: "kg" } };
  await client.create({ resourceType: "Observation", body });
}
let page = await client.search({ resourceType: "Observation", searchParams: { patient: patient.id, _count: 2 } });
assert.equal(page.total, 3);
const seen = [];
while (page) {
  seen.push(...page.entry.map((each) => each.resource.id));
  page = await client.nextPage({ bundle: page });
}
assert.equal(new Set(seen).size, 3);

const held = await client.read({ resourceType: "Observation", id: seen[0] });
const changed = await client.update({ resourceType: "Observation", id: held.id, body: { ...held, status: "amended" } });
assert.equal(changed.status, "amended");
const patch = [{ op: "replace", path: "/status", value: "corrected" }];
const patched = await client.patch({ resourceType: "Observation", id: held.id, jsonPatch: patch });
assert.equal(patched.status, "corrected");
const past = await client.history({ resourceType: "Observation", id: held.id });
assert.equal(past.total, 3);

const bundle = { resourceType: "Bundle", type: "batch", entry: [{ request: { method: "GET", url: `Patient/${patient.id}` } }] };
const answer = await client.batch({ body: bundle });
assert.equal(answer.entry[0].resource.id, patient.id);

await client.delete({ resourceType: "Observation", id: held.id });
await assert.rejects(client.read({ resourceType: "Observation", id: "never-issued" }), (fault) => {
  assert.equal(fault.response.status, 404);
  return true;
});
