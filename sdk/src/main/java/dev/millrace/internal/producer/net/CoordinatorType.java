package dev.millrace.internal.producer.net;

/** The broker that keeps the state of a transactional id, or of a consumer group. */
public enum CoordinatorType {
    TRANSACTION,
    GROUP
}
