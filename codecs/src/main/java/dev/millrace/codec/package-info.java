/** Whole-batch compression and decompression, byte-compatible with Apache Kafka's. */
package dev.millrace.codec;
