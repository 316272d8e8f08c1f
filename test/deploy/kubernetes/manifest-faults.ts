import ts from 'typescript';
import type { Manifest } from './manifests.ts';

const FILE = `${process.cwd()}/manifests-to-check.ts`;

/**
 * What the Kubernetes API would not take: by the types of its schemas a name that there is not or a member that is missing, by the schemas
 * themselves every other wrong value.
 */
export async function manifestFaults(manifests: readonly Manifest[]): Promise<string[]> {
  const faults = typeFaults(manifests);
  for (const manifest of manifests) {
    const module = (await import(moduleOf(manifest))) as Record<
      string,
      new (
        data: object,
      ) => { validate(): void }
    >;
    const Model = module[manifest.kind];
    try {
      if (!Model) throw new Error('there is no such kind');
      new Model(manifest).validate();
    } catch (error) {
      faults.push(`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`);
    }
  }
  return faults;
}

/** The compiler refuses members that a literal has and its type has not, wherever they are. */
function typeFaults(manifests: readonly Manifest[]): string[] {
  const text = manifests
    .map(
      (manifest, n) =>
        `import type { I${manifest.kind} as Type${n} } from '${moduleOf(manifest)}';\nexport const of${n}: Type${n} = ${JSON.stringify(manifest)};`,
    )
    .join('\n');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => path === FILE || disk.fileExists(path),
    getSourceFile: (path, ...rest) =>
      path === FILE
        ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022)
        : disk.getSourceFile(path, ...rest),
  };
  const program = ts.createProgram([FILE], options, host);
  const source = program.getSourceFile(FILE);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ messageText, start = 0 }) => {
      const line = text.slice(0, start).split('\n').length;
      const { kind, metadata } = manifests[Math.floor((line - 1) / 2)] ?? {
        kind: '?',
        metadata: { name: '?' },
      };
      return `${kind} ${metadata.name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    },
  );
}

/** Kubernetes' own kinds are in one package, those of KEDA in another. */
function moduleOf({ apiVersion, kind }: Manifest): string {
  const scope = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models';
  return `${scope}/${apiVersion}/${kind}`;
}
