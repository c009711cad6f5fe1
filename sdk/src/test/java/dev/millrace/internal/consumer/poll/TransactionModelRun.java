package dev.millrace.internal.consumer.poll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.MockTime;

/** What happens to the members of one group, first with faults and then without; everything of it is on one thread. */
final class TransactionModelRun {

    private static final int STEPS = 400;
    /** More than are ever needed, unless a member is stuck. */
    private static final int LAST_STEPS = 3_000;

    private final ModelChance chance;
    private final MockTime time = new MockTime(1);
    private final ModelInput input;
    private final ModelOutputs outputs;
    private final GroupModel group;
    private final List<ModelMember> members = new ArrayList<>();
    private int names;

    TransactionModelRun(ModelChance chance) {
        this.chance = chance;
        input = new ModelInput(chance);
        outputs = new ModelOutputs(input, chance);
        group = new GroupModel(input, outputs);
    }

    void run() {
        add();
        add();
        rebalance();
        for (int step = 0; step < STEPS; step++)
            step();
        chance.heal();
        while (members.size() > 1)
            leave(members.get(1));
        ModelMember last = members.get(0);
        for (int i = 0; i < LAST_STEPS && !group.isAllCommitted(); i++)
            last.step();
        group.check();
        assertEquals(List.of(), group.violations());
        assertTrue(group.isAllCommitted(), "stuck at " + group.committed() + ", " + last.failure());
        outputs.checkAllThereInOrder();
    }

    private void step() {
        assertEquals(List.of(), group.violations());
        int choice = chance.choose(100);
        if (choice == 0)
            crash(any());
        else if (choice == 1)
            loseSilently(any());
        else if (choice <= 5)
            rebalance();
        else
            any().step();
        time.sleep(chance.choose(5));
        for (ModelMember member : List.copyOf(members))
            if (member.failure() != null)
                crash(member);
    }

    private ModelMember any() {
        return members.get(chance.choose(members.size()));
    }

    private void add() {
        members.add(new ModelMember("member-" + names++, input, group, chance, time));
    }

    private void remove(ModelMember member) {
        group.expel(member.name());
        members.remove(member);
    }

    /** Its process is gone, with what its transaction thread had to do. */
    private void crash(ModelMember member) {
        chance.count("crash");
        remove(member);
        add();
        rebalance();
    }

    private void leave(ModelMember member) {
        member.rebalance(List.of());
        remove(member);
        rebalance();
    }

    /** The others have its partitions before it knows. */
    private void loseSilently(ModelMember member) {
        if (members.size() < 2 || member.assignment().isEmpty())
            return;
        chance.count("lost");
        group.expel(member.name());
        ModelMember other = members.get((members.indexOf(member) + 1) % members.size());
        other.rebalance(ModelInput.PARTITIONS);
        for (int i = 0; i < 5; i++)
            any().step();
        member.lose();
    }

    private void rebalance() {
        Map<ModelMember, List<TopicPartition>> wanted = new LinkedHashMap<>();
        members.forEach(member -> wanted.put(member, new ArrayList<>()));
        for (TopicPartition partition : ModelInput.PARTITIONS)
            wanted.get(any()).add(partition);
        // All give up what they are to give up, before anybody gets anything.
        wanted.forEach((member, partitions) -> {
            List<TopicPartition> kept = new ArrayList<>(member.assignment());
            kept.retainAll(partitions);
            member.rebalance(kept);
        });
        wanted.forEach((member, partitions) -> {
            member.join();
            member.rebalance(partitions);
        });
    }
}
