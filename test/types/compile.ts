import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

// The compiler as the tests of types use it: sources given as text beside the project's own files, under the project's own options.

const root = fileURLToPath(new URL('../../', import.meta.url));

function options(): ts.CompilerOptions {
  const path = join(root, 'tsconfig.json');
  const config = ts.readConfigFile(path, ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config.config, ts.sys, root).options;
}

/** Absolute path of a source that exists as text only. */
export function virtual(name: string): string {
  return join(root, 'test/types', name);
}

/** Parsed files, which the services of one test file share. */
const registry = ts.createDocumentRegistry();

/** A language service over these sources, by absolute path. */
export function serviceOf(
  sources: Readonly<Record<string, string>>,
  extra: ts.CompilerOptions = {},
): ts.LanguageService {
  const settings = { ...options(), ...extra };
  const read = (path: string): string | undefined => sources[path] ?? ts.sys.readFile(path);
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => settings,
    getScriptFileNames: () => Object.keys(sources),
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const text = read(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (path) => path in sources || ts.sys.fileExists(path),
    readFile: read,
    readDirectory: ts.sys.readDirectory,
    directoryExists: (path) => Object.keys(sources).some((s) => dirname(s) === path) || ts.sys.directoryExists(path),
    getDirectories: ts.sys.getDirectories,
  };
  return ts.createLanguageService(host, registry);
}

export interface Problem {
  /** Counted from 0. */
  readonly line: number;
  readonly text: string;
}

/** What the compiler says about a file. */
export function problemsOf(service: ts.LanguageService, path: string): Problem[] {
  const found = [...service.getSyntacticDiagnostics(path), ...service.getSemanticDiagnostics(path)];
  return found.map((d) => ({
    line: d.file!.getLineAndCharacterOfPosition(d.start!).line,
    text: ts.flattenDiagnosticMessageText(d.messageText, '\n'),
  }));
}

/** What an editor shows over the first occurrence of `marker`. */
export function hoverOf(service: ts.LanguageService, path: string, marker: string): string {
  const text = service.getProgram()!.getSourceFile(path)!.text;
  const info = service.getQuickInfoAtPosition(path, text.indexOf(marker));
  return ts.displayPartsToString(info?.displayParts);
}
