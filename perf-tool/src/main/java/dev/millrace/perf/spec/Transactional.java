package dev.millrace.perf.spec;

import java.time.Duration;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * How the records are put into transactions.
 *
 * @param id the {@code transactional.id}
 * @param duration a transaction is committed when it has lasted that long
 */
public record Transactional(String id, Duration duration) {
    /** @throws UsageException when the coordinator would abort each transaction before it is committed */
    public void check(ProducerConfig config) {
        int timeoutMs = config.getInt(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG);
        if (duration.toMillis() >= timeoutMs) {
            throw new UsageException("--transaction-duration-ms: " + duration.toMillis() + " is not below transaction.timeout.ms ("
                    + timeoutMs + "), after which the brokers abort a transaction; raise that too");
        }
    }
}
