/** When and how offsets are committed. */
package dev.millrace.internal.consumer.commit;
