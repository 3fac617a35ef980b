/** SDK errors carry the service's error code as `name`. */
export const hasName = (error: unknown, ...names: string[]): boolean => error instanceof Error && names.includes(error.name);

export const isMissing = (error: unknown): boolean => hasName(error, 'NoSuchKey', 'NotFound');
