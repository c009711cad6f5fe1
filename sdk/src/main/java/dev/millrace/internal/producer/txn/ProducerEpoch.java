package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.CoordinatorClient;
import dev.millrace.internal.producer.net.CoordinatorClient.Features;
import dev.millrace.internal.producer.net.TransactionRequest.ProducerIdentity;

/**
 * Who a transactional producer is to the brokers, and how it gets its next epoch: with the end of each transaction (KIP-890), when
 * it asks for one (KIP-360), or never, from coordinators before 2.5.
 *
 * <p>Lock: the manager's, for all that is not volatile.
 */
final class ProducerEpoch {

    private static final ProducerIdentity NOBODY = new ProducerIdentity(null, -1, (short) -1);

    private final String transactionalId;
    private final CoordinatorClient coordinators;

    /** Written under the manager's lock by the sender thread; read by any. */
    private volatile ProducerIdentity identity = NOBODY;
    /** Written under the manager's lock while no transaction is open; read by any. */
    private volatile boolean transactionV2;
    /** Which of the cluster's decisions {@link #transactionV2} was taken from; guarded by the manager's lock. */
    private long featuresEpoch = -1;
    /** Guarded by the manager's lock. */
    private boolean coordinatorRaisesEpochs;
    /** The next transaction needs another epoch; guarded by the manager's lock. */
    private boolean bumpRequired;

    ProducerEpoch(String transactionalId, CoordinatorClient coordinators) {
        this.transactionalId = transactionalId;
        this.coordinators = coordinators;
    }

    /** Id and epoch as they are now; the same object until they change. Any thread. */
    ProducerIdentity identity() {
        return identity;
    }

    /** Any thread. */
    boolean hasIdentity() {
        return identity != NOBODY;
    }

    void received(long producerId, short epoch) {
        identity = new ProducerIdentity(transactionalId, producerId, epoch);
    }

    /** Whether the brokers themselves take partitions into a transaction, and its end brings an epoch (KIP-890). Any thread. */
    boolean isTransactionV2() {
        return transactionV2;
    }

    /** Which protocol the cluster wants now; never asked within a transaction. */
    void updateProtocol() {
        Features now = coordinators.features();
        if (now.epoch() <= featuresEpoch)
            return;
        featuresEpoch = now.epoch();
        transactionV2 = now.transactionVersion() >= 2;
    }

    /** The coordinator is connected: whether it raises epochs is known now, and may be wanted when it is gone. */
    void coordinatorReady() {
        coordinatorRaisesEpochs = coordinators.coordinatorRaisesEpochs();
    }

    /** Whether a gap in the sequences can be mended by another epoch. */
    boolean canRecoverSequences() {
        return coordinatorRaisesEpochs || transactionV2;
    }

    /** A transaction must not go on with this epoch after the one that fails now. */
    void requireBump() {
        // With KIP-890 the end of the transaction brings a new epoch anyway.
        if (coordinatorRaisesEpochs && !transactionV2)
            bumpRequired = true;
    }

    /** A transaction has ended: true, once, when the next must wait for an epoch that is to be asked for. */
    boolean endTransaction() {
        boolean before = transactionV2;
        // Not before: batches that wait for the end of linger go with the transaction that they are a part of.
        updateProtocol();
        // The first transaction under the new protocol needs an epoch that the old one has not used.
        boolean bump = bumpRequired || (transactionV2 && !before);
        bumpRequired = false;
        return bump;
    }
}
