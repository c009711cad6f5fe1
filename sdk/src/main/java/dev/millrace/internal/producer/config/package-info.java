/**
 * What the producer engine reads of the user's configuration: a typed, immutable view of Kafka's
 * {@link org.apache.kafka.clients.producer.ProducerConfig}. A leaf: it uses nothing else of the engine.
 */
package dev.millrace.internal.producer.config;
