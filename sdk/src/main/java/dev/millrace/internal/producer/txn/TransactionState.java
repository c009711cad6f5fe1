package dev.millrace.internal.producer.txn;

import java.util.EnumSet;
import java.util.Set;

/**
 * The life of a transactional producer (KIP-98, KIP-360, KIP-890), under the names that users know from Kafka's messages:
 *
 * <pre>
 *   UNINITIALIZED -> INITIALIZING -> READY -> IN_TRANSACTION -> COMMITTING_TRANSACTION -> READY, or INITIALIZING for a new epoch
 *                                                   |     |               |
 *                                                   |     +-> ABORTABLE_ERROR <-+
 *                                                   |               |
 *                                                   +-> ABORTING_TRANSACTION -> READY, or INITIALIZING for a new epoch
 *   all -> FATAL_ERROR
 * </pre>
 */
enum TransactionState {
    UNINITIALIZED,
    INITIALIZING,
    READY,
    IN_TRANSACTION,
    COMMITTING_TRANSACTION,
    ABORTING_TRANSACTION,
    ABORTABLE_ERROR,
    FATAL_ERROR;

    boolean mayBecome(TransactionState target) {
        return sources(target).contains(this);
    }

    private static Set<TransactionState> sources(TransactionState target) {
        return switch (target) {
            case UNINITIALIZED -> EnumSet.of(INITIALIZING, READY, ABORTABLE_ERROR);
            case INITIALIZING -> EnumSet.of(UNINITIALIZED, COMMITTING_TRANSACTION, ABORTING_TRANSACTION);
            case READY -> EnumSet.of(INITIALIZING, COMMITTING_TRANSACTION, ABORTING_TRANSACTION);
            case IN_TRANSACTION -> EnumSet.of(READY);
            case COMMITTING_TRANSACTION -> EnumSet.of(IN_TRANSACTION);
            case ABORTING_TRANSACTION -> EnumSet.of(IN_TRANSACTION, ABORTABLE_ERROR);
            case ABORTABLE_ERROR -> EnumSet.of(INITIALIZING, IN_TRANSACTION, COMMITTING_TRANSACTION, ABORTABLE_ERROR);
            case FATAL_ERROR -> EnumSet.allOf(TransactionState.class);
        };
    }

    boolean isCompleting() {
        return this == COMMITTING_TRANSACTION || this == ABORTING_TRANSACTION;
    }

    boolean isError() {
        return this == ABORTABLE_ERROR || this == FATAL_ERROR;
    }

    /** A transaction has begun and has not ended. */
    boolean isOngoing() {
        return this == IN_TRANSACTION || isCompleting() || this == ABORTABLE_ERROR;
    }
}
