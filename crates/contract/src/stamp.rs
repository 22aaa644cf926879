//! The stamp: one line in a backend's tests makes a test of every case of a port's contract.

/// `stamp!(ledger: make())`: `make()` is a future of a fresh bench, awaited once a case.
#[macro_export]
macro_rules! stamp {
    (ledger: $make:expr) => {
        $crate::stamp!(@ ledger, $make, [
            an_item_nobody_built_is_missing,
            units_first_then_places_then_nothing,
            grants_are_contiguous_and_counted_from_one,
            a_repeated_claim_gets_the_same_numbers_and_takes_nothing,
            a_repeat_inside_one_call_is_one_grant,
            a_quantity_is_granted_as_a_whole_or_not_at_all,
            raise_is_a_maximum_and_may_arrive_in_any_order,
            raise_never_lifts_granted,
            what_comes_back_is_granted_again_under_new_numbers,
            another_epoch_is_refused,
            a_new_epoch_counts_on_where_the_journal_stands,
            an_older_rebuild_is_refused,
            a_rebuild_at_the_same_epoch_takes_nothing_back,
            items_do_not_touch_each_other,
            many_at_once_never_get_more_than_there_is,
            a_random_history_grants_exactly_what_the_counters_allow,
        ]);
    };
    (queue: $make:expr) => {
        $crate::stamp!(@ queue, $make, [
            what_was_put_is_taken_in_order,
            a_message_keeps_its_trace,
            what_was_put_survives_the_death_of_the_process,
            what_was_not_acked_comes_again_in_order_before_anything_newer,
            what_was_given_back_comes_again_in_order,
            what_was_acked_never_comes_again,
            what_is_in_hand_is_not_handed_out_twice,
            an_empty_queue_wakes_its_taker,
            a_taker_who_goes_away_takes_nothing_with_it,
            each_item_has_its_partition,
            a_full_queue_sheds_and_has_room_again,
            what_nobody_can_read_is_put_aside_and_its_neighbours_go_on,
            many_putters_at_once_are_all_stored,
            a_putter_who_goes_away_leaves_the_queue_well,
        ]);
    };
    (bus: $make:expr) => {
        $crate::stamp!(@ bus, $make, [
            everybody_hears_what_is_told_in_order,
            who_listens_hears_everything_after,
            nobody_listening_is_no_failure,
            who_is_too_slow_hears_of_a_gap_and_then_goes_on,
        ]);
    };
    (capacity: $make:expr) => {
        $crate::stamp!(@ capacity, $make, [
            a_sale_is_named_from_its_planning_until_it_is_reconciled,
            a_sale_that_closes_by_itself_is_named_until_it_is_reconciled,
            a_draft_and_a_sale_closed_before_its_waiting_room_opened_need_nobody,
            every_change_is_told_once_and_raises_the_version,
            windows_come_by_their_beginning,
        ]);
    };
    (crowd: $make:expr) => {
        $crate::stamp!(@ crowd, $make, [
            all_doors_are_counted_together,
            a_door_counts_by_its_last_word,
            a_door_that_tells_no_more_is_forgotten,
            where_no_door_tells_nobody_knows,
        ]);
    };
    (limiter: $make:expr) => {
        $crate::stamp!(@ limiter, $make, [
            a_burst_passes_and_not_one_more,
            the_promised_wait_is_enough,
            buckets_do_not_touch_each_other,
            a_refusal_takes_nothing,
            a_refusal_is_known_without_asking_until_its_token_comes,
        ]);
    };
    (timers: $make:expr) => {
        $crate::stamp!(@ timers, $make, [
            a_knock_comes_when_it_is_due_and_not_before,
            knocks_come_by_their_instants,
            an_earlier_knock_overtakes_a_waiting_one,
        ]);
    };
    (payments: $make:expr) => {
        $crate::stamp!(@ payments, $make, [
            an_authorised_payment_can_be_captured_and_refunded_once,
            asked_again_under_the_same_key_it_answers_the_same,
            what_was_declined_cannot_be_captured,
            a_cancel_voids_what_was_authorised,
            a_cancel_that_comes_first_is_final,
            a_cancel_that_comes_too_late_says_so_and_takes_nothing_back,
            no_answer_is_never_a_no,
            a_payment_nobody_made_is_not_found,
            the_providers_list_names_every_change_and_pages_end_nowhere,
        ]);
    };
    (mail: $make:expr) => {
        $crate::stamp!(@ mail, $make, [
            a_letter_comes_out_at_the_other_end,
            an_order_is_written_to_once,
            an_address_that_is_none_is_refused_for_good,
            letters_do_not_mix,
        ]);
    };
    (@ $port:ident, $make:expr, [$($case:ident),+ $(,)?]) => {
        mod $port {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    let mut bench = $make.await;
                    $crate::$port::$case(&mut bench).await;
                }
            )+
        }
    };
}
