import type { AppConfig } from '../config';

/** @returns an error that says why the service cannot listen, and what to change; anything else as it is */
export function listenFault(cause: NodeJS.ErrnoException, { host, port }: AppConfig['http']): Error {
  const { code = '' } = cause;
  switch (code) {
    case 'EADDRINUSE':
      return new Error(`Port ${port} of ${host} is in use: stop the program that listens there, or set PORT.`, {
        cause,
      });
    case 'EACCES':
      return new Error(`This user may not listen on port ${port}: set PORT to one from 1024 on.`, { cause });
    case 'EADDRNOTAVAIL':
      return new Error(`${host} is no address of this machine: set HOST to one that is, or to 0.0.0.0 for all.`, {
        cause,
      });
    default:
      return cause;
  }
}
