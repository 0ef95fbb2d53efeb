/** The only file that loads the certificate library, which needs its metadata shim before anything else. */
import 'reflect-metadata';

export * from '@peculiar/x509';
