// SMART's JavaScript client, as it comes: create, request with references resolved and pages flattened, update, delete.
import assert from "node:assert/strict";
import fhirclient from "fhirclient";

const [base, token] = process.argv.slice(2);
const client = new fhirclient.FhirClient(base);
client.authorize?.(token);
const headers = { authorization: `Bearer ${token}`, "content-type": "application/fhir+json" };
const asked = (url, more = {}) => client.fhirRequest(url, { ...more, headers: { ...headers, ...more.headers } });
const sent = (method, url, body) => asked(url, { method, body: JSON.stringify(body) });

const patient = await sent("POST", "Patient", { resourceType: "Patient", name: [{ family: "Smart" }] });
const subject = { reference: `Patient/${patient.id}` };
const code = { coding: [{ system: "http://loinc.org", code: "29463-7" }] };
for (const value of [60, 61, 62]) {
  const body = { resourceType: "Observation", status: "final", code, subject, valueQuantity: { value, unit: "kg" } };
  await sent("POST", "Observation", body);
}
const found = await asked(`Observation?subject=Patient/${patient.id}&_sort=-date`);
assert.equal(found.total, 3);
const held = found.entry[0].resource;
const changed = await sent("PUT", `Observation/${held.id}`, { ...held, status: "amended" });
assert.equal(changed.status, "amended");
const read = await asked(held.subject.reference);
assert.equal(read.name[0].family, "Smart");
await asked(`Observation/${held.id}`, { method: "DELETE" });
await assert.rejects(asked("Observation/never-issued"));
