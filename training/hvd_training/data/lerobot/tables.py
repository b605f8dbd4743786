# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Columns of NumPy arrays as Parquet tables, as LeRobot types them, and back."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hvd_ros.core.errors import ContractMismatch
from hvd_training.data.source import Column

CODEC = 'snappy'


def to_table(columns: Mapping[str, Column]) -> Any:
    """Return scalars as plain columns and vectors as lists of one length."""
    return pa.table({name: _array(values) for name, values in columns.items()})


def from_table(table: Any) -> dict[str, Column]:
    """Return the columns as arrays (T,) or (T, size)."""
    return {name: _numpy(table.column(name)) for name in table.column_names}


def write_columns(path: Path, columns: Mapping[str, Column]) -> None:
    """Write one table as one row group."""
    table = to_table(columns)
    pq.write_table(table, path, compression=CODEC, row_group_size=max(1, table.num_rows))


def read_columns(path: Path, names: list[str] | None = None) -> dict[str, Column]:
    """Read all columns of a file, or the named ones."""
    return from_table(open_table(path).read(columns=names))


def open_table(path: Path) -> Any:
    """Open a Parquet file or say what is wrong with it."""
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError:
        raise ContractMismatch(f'{path} is missing; the dataset is not whole') from None
    except (pa.ArrowInvalid, OSError) as error:
        raise ContractMismatch(f'{path} is not a whole Parquet file: {error}') from None


def tasks_table(prompts: list[str]) -> Any:
    """Return the table of tasks: their words are the pandas index, which LeRobot looks up."""
    table = pa.table(
        {'task_index': pa.array(range(len(prompts)), pa.int64()), 'task': pa.array(prompts)}
    )
    number = {'name': 'task_index', 'field_name': 'task_index', 'pandas_type': 'int64'}
    words = {'name': 'task', 'field_name': 'task', 'pandas_type': 'unicode'}
    pandas = {
        'index_columns': ['task'],
        'column_indexes': [],
        'columns': [
            number | {'numpy_type': 'int64', 'metadata': None},
            words | {'numpy_type': 'object', 'metadata': None},
        ],
        'creator': {'library': 'pyarrow', 'version': pa.__version__},
        'pandas_version': '2.0.0',
    }
    return table.replace_schema_metadata({'pandas': json.dumps(pandas)})


def _array(values: Column) -> Any:
    if values.ndim == 1:
        return pa.array(values)
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _numpy(column: Any) -> Column:
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    if not pa.types.is_list(whole.type) and not pa.types.is_fixed_size_list(whole.type):
        return np.asarray(whole.to_numpy(zero_copy_only=False))
    flat = whole.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat).reshape(len(whole), -1) if len(whole) else flat.reshape(0, 0)
