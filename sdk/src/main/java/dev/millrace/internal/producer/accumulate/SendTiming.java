package dev.millrace.internal.producer.accumulate;

/** What decides when a queued batch may go. */
interface SendTiming {

    /** Nothing waits for more records. */
    SendTiming AT_ONCE = new SendTiming() {
        @Override
        public long lingerMs() {
            return 0;
        }

        @Override
        public boolean sendOpenBatches() {
            return true;
        }
    };

    /** {@code linger.ms} */
    long lingerMs();

    /** True while open batches go without waiting: at a flush, at close, or when memory is short. */
    boolean sendOpenBatches();
}
