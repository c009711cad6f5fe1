package dev.millrace.perf.load;

import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;

/** How the callers of a phase hand their records over: each for itself, or in transactions. For one phase. */
interface SendMode {
    /** For one caller; called before any of them begins. */
    Lane lane();

    /** After the last record: blocks until all of them are acknowledged or failed, and the last transaction has ended. */
    void finish();

    /** Empty when there are none. Any thread. */
    Optional<TransactionsResult> transactions();

    /** One caller's way in; used by its thread only: {@link #enter}, {@link #send}, {@link #leave}, and again. */
    interface Lane {
        /**
         * Before a record. Blocks while no record may be sent.
         *
         * @param nowNs the time now
         * @return the time after waiting; {@code nowNs} when there was none
         */
        long enter(long nowNs);

        void send(ProducerRecord<byte[], byte[]> record, Ack ack);

        /**
         * After a record. May commit, which blocks.
         *
         * @param nowNs the time now
         * @return the time after it; {@code nowNs} when there was nothing to do
         */
        long leave(long nowNs);
    }
}
