import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

export const FOLDER = 'deploy/kubernetes';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Labels };
  readonly spec?: Record<string, unknown>;
  readonly data?: Record<string, string>;
}

export type Labels = Readonly<Record<string, string>>;

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

export interface Pod {
  readonly owner: string;
  readonly labels: Labels;
  readonly container: Container;
}

/** The documents of these files. */
export function readManifests(pattern: string): Manifest[] {
  return globSync(`${FOLDER}/${pattern}`)
    .filter((path) => !path.endsWith('kustomization.yaml'))
    .sort()
    .flatMap((path) => parseManifests(readFileSync(path, 'utf8')));
}

/** What kustomize makes of a folder; undefined where kubectl, which has it, is not installed. */
export function render(folder: string): Manifest[] | undefined {
  const { status, error, stdout, stderr } = spawnSync('kubectl', ['kustomize', `${FOLDER}/${folder}`], {
    encoding: 'utf8',
  });
  if (error && 'code' in error && error.code === 'ENOENT') return undefined;
  if (status !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr}`, { cause: error });
  return parseManifests(stdout);
}

function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS() as Manifest;
  });
}

/** Every pod that comes of them, of one container each. */
export function podsOf(manifests: readonly Manifest[]): Pod[] {
  return manifests.flatMap(({ kind, metadata, spec }) => {
    const template = templateOf(spec);
    const [container] = template?.spec?.containers ?? [];
    return template && container
      ? [{ owner: `${kind} ${metadata.name}`, labels: template.metadata?.labels ?? {}, container }]
      : [];
  });
}

interface Template {
  readonly metadata?: { readonly labels?: Labels };
  readonly spec?: { readonly containers?: readonly Container[] };
}

function templateOf(spec: Manifest['spec']): Template | undefined {
  const { template, jobTemplate } = (spec ?? {}) as {
    template?: Template;
    jobTemplate?: { spec: Manifest['spec'] };
  };
  return template ?? (jobTemplate && templateOf(jobTemplate.spec));
}
