/**
 * Which offsets of a partition are done, what may be committed of them, and how the rest travels in the commit's metadata.
 * A leaf of the consumer: it uses nothing else of it. Only the poll thread comes here, so nothing is locked.
 */
package dev.millrace.internal.consumer.offsets;
