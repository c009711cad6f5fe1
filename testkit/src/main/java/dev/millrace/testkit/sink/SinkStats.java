package dev.millrace.testkit.sink;

/**
 * What a sink has received since it started. A request is counted before its response is sent.
 *
 * @param connections     connections accepted
 * @param requests        requests of every kind
 * @param produceRequests produce requests, those with acks=0 included
 * @param batches         record batches in them
 * @param records         records, as the batches' headers count them
 * @param recordBytes     bytes of the batches, headers included
 * @param fetchRequests   fetch requests
 * @param fetchedBytes    bytes of the batches sent in answer to them
 * @param broken          connections closed because of bytes that were no request this broker knows
 */
public record SinkStats(long connections, long requests, long produceRequests, long batches, long records,
                        long recordBytes, long fetchRequests, long fetchedBytes, long broken) {
}
