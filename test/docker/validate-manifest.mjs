// Validates Kubernetes objects (a JSON array on standard input) by the API's own schema, and prints what is wrong with the first bad
// one. A process of its own: the models are ES modules, which Jest loads by itself only from Node 24.9 on.
import { readFileSync } from 'node:fs';

for (const object of JSON.parse(readFileSync(0, 'utf8'))) {
  const { [object.kind]: Model } = await import(`kubernetes-models/${object.apiVersion}/${object.kind}`);
  try {
    new Model(object).validate();
  } catch (error) {
    console.log(`${object.kind}: ${error.message}`);
    break;
  }
}
