// Files whose names differ in a step only: a picture that was kept every so often.
export interface StepFile {
  name: string;
  step: number;
}

// What mlflow.log_image writes: images/key%step%12%timestamp%…, or with + for %.
const logged = /^(.*)[%+]step[%+](\d+)[%+]timestamp[%+]\d+[%+][0-9a-f-]+(?:[%+]compressed)?\.(\w+)$/i;
const plain = /^(.*?)(\d+)\.(\w+)$/;

function parts(name: string): { stem: string; step: number } | null {
  if (/[%+]compressed\./.test(name)) return null;
  const found = logged.exec(name) ?? plain.exec(name);
  return found && { stem: `${found[1]}|${found[3]}`, step: Number(found[2]) };
}

/** The files that are the same as `name` at other steps, itself among them, in order; empty where it stands alone. */
export function stepsOf(name: string, names: string[]): StepFile[] {
  const own = parts(name);
  if (!own) return [];
  const same = names.flatMap((one) => {
    const found = parts(one);
    return found && found.stem === own.stem ? [{ name: one, step: found.step }] : [];
  });
  return same.length > 1 ? same.sort((a, b) => a.step - b.step || a.name.localeCompare(b.name)) : [];
}
