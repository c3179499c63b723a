// The statement that makes a database, of the shape that another had.

import type { MariadbDatabase } from '../../domain/mariadb-dumps.ts';
import { identifier, literal } from './client.ts';

type Shape = Pick<MariadbDatabase, 'name' | 'charset' | 'collation' | 'comment'>;

/** `how`: the words before its name. */
export const createDatabase = ({ name, charset, collation, comment }: Shape, how = 'CREATE DATABASE'): string =>
  `${how} ${identifier(name)} CHARACTER SET ${literal(charset)} COLLATE ${literal(collation)} COMMENT ${literal(comment)};\n`;
