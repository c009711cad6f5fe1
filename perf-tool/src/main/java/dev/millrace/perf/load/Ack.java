package dev.millrace.perf.load;

import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;

/** The callback of one record, and the harness's only object per record beside the {@code ProducerRecord}. */
final class Ack implements Callback {
    private final AckRecorder recorder;
    private final long dueNs;
    private final long sentNs;

    Ack(AckRecorder recorder, long dueNs, long sentNs) {
        this.recorder = recorder;
        this.dueNs = dueNs;
        this.sentNs = sentNs;
    }

    long dueNs() {
        return dueNs;
    }

    @Override
    public void onCompletion(RecordMetadata metadata, Exception exception) {
        recorder.completed(dueNs, sentNs, exception);
    }
}
