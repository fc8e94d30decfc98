  - item 9: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 333
  - item 10: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 370     
  - item 11: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 407     
  - item 12: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 444     
  - item 13: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 481
  - item 14: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 518     
  - item 15: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 555     
  - item 16: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 592     
  - item 17: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 629
  - item 18: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 666     
  - item 19: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 703     
  - item 20: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 740
  - item 21: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 777     
  - item 22: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 814
  - item 23: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 851
  - item 24: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 888
  - item 25: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 925
  - item 26: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 962
  - item 27: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 999
  - item 28: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 1036
  - item 29: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 1073
                                                                                               
  Done.                                                                                        
                                                                                                
[38;2;153;153;153m✻[39m [38;2;153;153;153mCogitated for 3s · done 1:32 PM
[39m                                                                                [38;2;153;153;153m◐ medium · /effort
[38;2;136;136;136m────────────────────────────────────────────────────────────────────────────────────────────────────
[39m❯ [7m 
[0m[38;2;136;136;136m[49m────────────────────────────────────────────────────────────────────────────────────────────────────
[39m  [38;2;255;193;7m⏵⏵ auto mode on[38;2;153;153;153m (shift+tab to cycle) · ← for agents[39m                   
