import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FileMetaData, KeyValue, SchemaElement } from 'hyparquet';
import { parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { DatasetError } from '../../errors.ts';

/** Type of the values of one column; `list` columns hold an array of them in every row. */
export type ValueType = 'float' | 'double' | 'int64' | 'bool' | 'string';

/** One column to write. `int64` values are bigints; null is allowed in every type. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: ValueType;
  readonly list: boolean;
  readonly values: readonly unknown[];
}

const PHYSICAL = {
  float: 'FLOAT',
  double: 'DOUBLE',
  int64: 'INT64',
  bool: 'BOOLEAN',
  string: 'BYTE_ARRAY',
} as const;

/**
 * Key of the file metadata that fingerprints all pages: damage is found before they are decoded, for a decoder may
 * return wrong numbers on damaged pages, or never return.
 */
const PAGES_KEY = 'modewise.pages';

/** Names the length and the SHA-256 of some bytes. */
function fingerprint(bytes: Uint8Array): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Describes one column as pyarrow does: everything nullable, lists in the three-level form. */
function schemaOf({ name, type, list }: ParquetColumn): SchemaElement[] {
  const leaf: SchemaElement = {
    name: list ? 'element' : name,
    type: PHYSICAL[type],
    repetition_type: 'OPTIONAL',
    ...(type === 'string' ? { converted_type: 'UTF8', logical_type: { type: 'STRING' } } : {}),
  };
  if (!list) return [leaf];
  return [
    {
      name,
      repetition_type: 'OPTIONAL',
      num_children: 1,
      converted_type: 'LIST',
      logical_type: { type: 'LIST' },
    },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    leaf,
  ];
}

/**
 * Encodes a table as one parquet file in memory.
 *
 * @param batches - row groups: the same columns in the same order, with at least one row each.
 * @param metadata - returns the key-value metadata of the file; called after the last batch.
 */
export function encodeParquet(
  batches: Iterable<readonly ParquetColumn[]>,
  metadata: () => Readonly<Record<string, string>> = () => ({}),
): Uint8Array {
  const writer = new ByteWriter();
  let parquet: ParquetWriter | undefined;
  for (const columns of batches) {
    parquet ??= new ParquetWriter({
      writer,
      schema: [{ name: 'schema', num_children: columns.length }, ...columns.flatMap(schemaOf)],
      createdBy: 'modewise',
    });
    void parquet.write({
      rowGroupSize: columns[0]?.values.length ?? 0,
      // A dictionary would merge -0 with +0, so floating point goes in plainly.
      columnData: columns.map(({ name, type, values }) => ({
        name,
        data: values as unknown[],
        ...(type === 'float' || type === 'double' ? { encoding: 'PLAIN' as const } : {}),
      })),
    });
  }
  if (parquet === undefined) throw new RangeError('a parquet file needs at least one row group');
  const entries = { ...metadata(), [PAGES_KEY]: fingerprint(writer.getBytes()) };
  parquet.kvMetadata = Object.entries(entries).map(([key, value]): KeyValue => ({ key, value }));
  void parquet.finish();
  return writer.getBytes();
}

/** A parquet file in memory, with its footer decoded. */
export interface ParquetFile {
  readonly path: string;
  readonly bytes: ArrayBuffer;
  readonly footer: FileMetaData;
  readonly rows: number;
  /** Names of the top-level columns. */
  readonly columns: readonly string[];
}

function damaged(path: string, cause: unknown): DatasetError {
  return new DatasetError(
    {
      what: 'a parquet file is damaged',
      where: path,
      found: cause instanceof Error ? cause.message : String(cause),
      expected: 'a complete parquet file, from PAR1 to PAR1',
      remedy:
        'restore the file from a copy, or copy the intact episodes with: modewise data repair DIR --salvage NEW',
    },
    { cause },
  );
}

/**
 * Reads a parquet file and decodes its footer.
 *
 * @throws DatasetError when it cannot be read or is not a whole parquet file.
 */
export function readParquet(path: string): ParquetFile {
  let bytes: ArrayBuffer;
  try {
    const buffer = readFileSync(path);
    bytes = buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength) as ArrayBuffer;
  } catch (cause) {
    throw new DatasetError(
      { what: 'a dataset file cannot be read', where: path, found: String(cause) },
      { cause },
    );
  }
  try {
    const footer = parquetMetadata(bytes);
    const columns = parquetSchema(footer).children.map((child) => child.element.name);
    const pages = footer.key_value_metadata?.find(({ key }) => key === PAGES_KEY)?.value;
    if (pages !== undefined && pages !== fingerprint(new Uint8Array(bytes, 0, Number.parseInt(pages, 10)))) {
      throw new Error('its bytes are not those that were written');
    }
    return { path, bytes, footer, rows: Number(footer.num_rows), columns };
  } catch (cause) {
    throw damaged(path, cause);
  }
}

/** Looks up one entry of a file's key-value metadata. */
export function metadataOf(file: ParquetFile, key: string): string | undefined {
  return file.footer.key_value_metadata?.find((entry) => entry.key === key)?.value;
}

/**
 * Decodes some columns of a file into rows. Integers come as bigints.
 *
 * @throws DatasetError when a column is missing or its pages are damaged.
 */
export async function readRows(
  file: ParquetFile,
  columns: readonly string[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  for (const column of columns) {
    if (!file.columns.includes(column)) {
      throw new DatasetError({
        what: `a column is missing: '${column}'`,
        where: file.path,
        found: file.columns.join(', '),
      });
    }
  }
  try {
    const rows = await parquetReadObjects({
      file: file.bytes,
      metadata: file.footer,
      columns: [...columns],
    });
    if (rows.length !== file.rows) throw new Error(`${rows.length} of ${file.rows} rows could be decoded`);
    return rows;
  } catch (cause) {
    throw damaged(file.path, cause);
  }
}
