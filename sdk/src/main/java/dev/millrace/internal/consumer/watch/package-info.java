/** What can be seen of a consumer from outside: the poll thread publishes it, and any thread reads it. */
package dev.millrace.internal.consumer.watch;
