package dev.millrace.testkit.sink;

/**
 * Where things are in a record batch of format 2.
 *
 * <pre>
 *   0  base offset             int64
 *   8  length of what follows  int32
 *  12  partition leader epoch  int32
 *  16  magic (2)               int8
 *  17  CRC-32C of what follows int32
 *  21  attributes              int16
 *  23  last offset delta       int32
 *  27  first timestamp         int64
 *  35  max timestamp           int64
 *  43  producer id             int64
 *  51  producer epoch          int16
 *  53  base sequence           int32
 *  57  number of records       int32
 *  61  records
 * </pre>
 */
final class RecordBatchHeader {
    static final int LENGTH = 8;
    static final int BEFORE_LENGTH_COUNTS = 12;
    static final int MAGIC = 16;
    static final int CRC = 17;
    static final int ATTRIBUTES = 21;
    static final int LAST_OFFSET_DELTA = 23;
    static final int COUNT = 57;
    static final int SIZE = 61;

    private RecordBatchHeader() {
    }
}
