/** What a run is asked to do: the client, the load, the brokers, the targets. Values only; nothing here touches a broker. */
package dev.millrace.perf.spec;
