/** The one thread that touches Kafka's consumer, and what it decides. */
package dev.millrace.internal.consumer.poll;
