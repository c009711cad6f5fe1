package dev.millrace.internal.consumer.watch;

import static dev.millrace.internal.consumer.watch.InlineFloor.ORDERS;

import dev.millrace.consumer.ConsumerStatus;
import dev.millrace.consumer.ConsumerStatus.State;
import dev.millrace.consumer.PartitionStatus;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;

/** What is seen of a work floor, and what it is taken for: a watch for each test, on one thread, with a clock that is moved by hand. */
abstract class WatchTest {

    static final long HANDLER_TIMEOUT_MS = 10_000;
    static final long MAX_POLL_INTERVAL_MS = 60_000;
    static final TopicPartition OTHERS = new TopicPartition("orders", 1);

    Runnable inHandler = () -> { };
    final InlineFloor floor = new InlineFloor(record -> inHandler.run(), 1_000_000);
    final Watch watch = new Watch(HANDLER_TIMEOUT_MS, 60_000, floor.time);
    final StatusReader reader = new StatusReader(watch, MAX_POLL_INTERVAL_MS, HANDLER_TIMEOUT_MS, floor.time);

    ConsumerStatus look() {
        watch.look(floor, floor.time.milliseconds());
        return status();
    }

    ConsumerStatus lookLater(long ms) {
        floor.time.sleep(ms);
        return look();
    }

    ConsumerStatus status() {
        return reader.read(State.RUNNING, null, 16);
    }

    PartitionStatus orders() {
        return look().partitions().get(ORDERS);
    }

    PartitionStatus ordersLater(long ms) {
        return lookLater(ms).partitions().get(ORDERS);
    }

    static OptionalLong of(long value) {
        return OptionalLong.of(value);
    }
}
