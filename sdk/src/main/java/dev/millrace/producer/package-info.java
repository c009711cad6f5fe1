/** What users of the producer may name beside {@link dev.millrace.MillraceProducer}: its own config keys. A leaf. */
package dev.millrace.producer;
