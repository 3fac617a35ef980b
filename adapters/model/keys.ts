/** Looks a provider's key up by the name of the variable that holds it. Null when there is none. */
export type ApiKeys = (name: string) => Promise<string | null>;

/** Keys from the process's variables: on a developer's machine. */
export const environmentKeys =
  (variables: Readonly<Record<string, string | undefined>>): ApiKeys =>
  async (name) => {
    const key = variables[name]?.trim();
    return key ? key : null;
  };
