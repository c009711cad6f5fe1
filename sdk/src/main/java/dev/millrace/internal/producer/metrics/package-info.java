/**
 * What the producer measures, under the names, groups and tags of {@code KafkaProducer}, so that dashboards and binders
 * written for it keep working. A leaf: the engine reports to these classes, they know nothing of it.
 */
package dev.millrace.internal.producer.metrics;
